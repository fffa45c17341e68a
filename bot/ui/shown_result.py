"""A finished job as it is posted: its file under the name that client programs know, and its buttons."""

import io

import discord

from bot.domain.canvas import Size
from bot.domain.job import Job
from bot.pictures import measure
from bot.ui.render import file_name
from bot.ui.views.job_actions import Layout, result_actions
from bot.usecases.ports import ResultFile


def result_file(job: Job, file: ResultFile) -> discord.File:
    extension = file.name.rpartition(".")[2]
    return discord.File(io.BytesIO(file.data), file_name(job, extension), description=file.description)


def result_view(job: Job, file: ResultFile, layout: Layout) -> discord.ui.View:
    return result_actions(job, layout, Size(*measure(file.data)))
