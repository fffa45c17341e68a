"""How a job reads in the chat: the line of text in each of its states, and the name of its file. Knows no Discord.

The text between the first `**` pair is the same in all of a job's messages, for programs tell jobs apart by it.
"""

from typing import assert_never

from bot.domain.job import Job, JobId, JobKind, JobStatus, MessageRef
from bot.domain.prompt import Speed
from bot.domain.said import Said
from bot.domain.upscalers import upscaler_name
from bot.words import say, speaking, spoken

MESSAGE_LIMIT = 2_000
"""Characters that Discord takes in one message."""
PROMPT_LIMIT = 1_800
"""What the longest of our lines leaves for the prompt."""
NAME_LIMIT = 63
"""Characters of a file name before the job id, as clients know it."""
GUEST_NOTE = Said("I am no member here: what takes more than 15 minutes comes by direct message.")
KEPT = Said("I could not show it here. It is kept in your `/gallery`.")


REGION_TEXT = Said("Paint over what should be drawn anew. The link is yours alone; it works once, for an hour.")


def render_mask_help(job_id: JobId) -> str:
    help_text = say(
        "Save the picture, paint white over what should be drawn anew and black over the rest, and hand it in:"
    )
    return f"{help_text}\n{say('`/region job_id:{job_id} mask:…`', job_id=job_id)}"


def render_waiting(job: Job) -> str:
    match job.kind:
        case JobKind.VARIATION | JobKind.VARY_STRONG | JobKind.VARY_SUBTLE | JobKind.VARY_REGION:
            lead = f"Making variations for image #{_image_number(job)} with prompt "
        case JobKind.UPSCALE | JobKind.UPSCALE_SUBTLE | JobKind.UPSCALE_CREATIVE:
            lead = f"Upscaling image #{_image_number(job)} with "
        case _:
            lead = ""
    return f"{lead}**{render_prompt(job)}** - <@{job.user_id}> (Waiting to start){_guest_note(job)}"


def render_progress(job: Job, fraction: float) -> str:
    percent = min(100, max(0, int(fraction * 100)))
    return f"{_headline(job)} ({percent}%) ({render_mode(job)}){_guest_note(job)}"


def _guest_note(job: Job) -> str:
    """Where the bot is no member, the member is told what becomes of a job that takes its time."""
    return f"\n-# {_in_words_of(job, GUEST_NOTE)}" if job.door else ""


def render_result(job: Job) -> str:
    """The finished line; what the model could not do as asked follows in small print."""
    mode = "" if job.kind is JobKind.UPSCALE else f" ({render_mode(job)})"
    lines = [f"{_headline(job)}{mode}", *(f"-# {note}" for note in job.notes)]
    return "\n".join(lines)[:MESSAGE_LIMIT]


def render_end(job: Job) -> str:
    """How the waiting message reads once the job has ended and no message with a picture takes its place."""
    match job.status:
        case JobStatus.CANCELLED:
            return render_stopped(job)
        case JobStatus.SUCCEEDED:
            return f"{_headline(job)} (Finished)\n{_in_words_of(job, KEPT)}"
        case _:
            return render_failed(job)


def render_stopped(job: Job) -> str:
    return f"{_headline(job)} (Stopped)"


def render_failed(job: Job) -> str:
    return f"{_headline(job)} (Failed)"


def render_liked(job: Job) -> str:
    """Leads back to the picture, where the chat still shows it."""
    lines = [say("You rated this picture 😍 **{prompt}**", prompt=render_prompt(job))]
    if job.result_message is not None:
        lines.append(message_url(job, job.result_message))
    return "\n".join(lines)


def message_url(job: Job, message: MessageRef) -> str:
    """Leads to a message of the job, in Discord."""
    return f"https://discord.com/channels/{job.guild_id or '@me'}/{message.channel_id}/{message.message_id}"


def _in_words_of(job: Job, text: str) -> str:
    with speaking(job.locale):
        return spoken(text)


def render_mode(job: Job) -> str:
    speed = "relaxed" if job.speed is Speed.RELAX else job.speed.value
    return f"{speed}, stealth" if job.is_stealth else speed


def render_prompt(job: Job) -> str:
    """The prompt as every message shows it: cut in the same place everywhere."""
    return job.prompt if len(job.prompt) <= PROMPT_LIMIT else job.prompt[: PROMPT_LIMIT - 1].rstrip() + "…"


def file_name(job: Job, extension: str) -> str:
    """`<user>_<prompt>_<job id>.<extension>`; nothing may stand between the job id and the dot."""
    user = "".join(letter for letter in job.user_name if letter.isalnum())
    words = (
        "".join(letter for letter in word if letter.isalnum() or letter == "-") for word in job.params.text.split()
    )
    slug = "_".join(word for word in words if word)
    lead = "_".join(part for part in (user, slug) if part)[:NAME_LIMIT]
    return f"{lead or 'picture'}_{job.id}.{extension}"


def preview_name(job: Job) -> str:
    """Clients take a file name that does not end in the job id for an unfinished picture."""
    return f"{job.id}_grid_0.webp"


def _headline(job: Job) -> str:
    prompt, member = f"**{render_prompt(job)}**", f"<@{job.user_id}>"
    match job.kind:
        case JobKind.IMAGINE | JobKind.REROLL | JobKind.BLEND | JobKind.ANIMATE:
            return f"{prompt} - {member}"
        case JobKind.VARIATION | JobKind.VARY_STRONG:
            return f"{prompt} - {_varied(job)} (Strong) by {member}"
        case JobKind.VARY_SUBTLE:
            return f"{prompt} - {_varied(job)} (Subtle) by {member}"
        case JobKind.VARY_REGION:
            return f"{prompt} - {_varied(job)} (Region) by {member}"
        case JobKind.UPSCALE:
            return f"{prompt} - Image #{_image_number(job)} {member}"
        case JobKind.UPSCALE_SUBTLE | JobKind.UPSCALE_CREATIVE:
            verb = "Upscaled" if job.has_ended else "Upscaling"
            return f"{prompt} - {verb} ({upscaler_name(job.operation.upscaler, job.kind)}) by {member}"
        case JobKind.ZOOM_OUT | JobKind.MAKE_SQUARE:
            return f"{prompt} - Zoom Out by {member}"
        case JobKind.PAN_LEFT | JobKind.PAN_RIGHT | JobKind.PAN_UP | JobKind.PAN_DOWN:
            return f"{prompt} - {job.kind.replace('_', ' ').title()} by {member}"
        case JobKind.RESTYLE:
            return f"{prompt} - Restyled by {member}"
        case _:
            assert_never(job.kind)


def _varied(job: Job) -> str:
    return "Remix" if job.is_remix else "Variations"


def _image_number(job: Job) -> int:
    return job.parent.index + 1 if job.parent else 1
