"""Everything that can be wrong with what a member asked, as one tree.

    StudioError
    ├── PromptError            the words cannot be drawn as written
    │   ├── EmptyPrompt
    │   ├── PromptTooLong
    │   ├── InvalidPrompt      its structure: weights, groups, too many jobs at once
    │   ├── InvalidParameter
    │   ├── InvalidLink
    │   ├── DuplicateImages    the same picture twice
    │   ├── NotEnoughRatings   a personal style that does not exist yet
    │   ├── NotInPlan          a speed, a visibility or a batch that the member's plan leaves out
    │   └── CannotDraw         a model that lacks what the picture would be about
    ├── NotAllowed             it exists, but is not theirs to change
    ├── JobGone                the job or picture is no longer there
    ├── BatchGone              the question about several jobs was answered already
    ├── JobNotCancellable      it has ended already
    ├── QueueFull              too many jobs wait already
    ├── QueueClosed            the operator lets the queue run empty
    ├── MemberBlocked          an operator keeps them from starting anything
    ├── SubscriptionRequired   the studio sells plans, and they have none
    │   └── PlanCancelled      they had one, and it has ended
    ├── SubscriptionPaused     the payment for their plan failed
    ├── CreditsExhausted       their time or their credits do not reach for it
    ├── UnknownPlan            no plan of this name is sold here
    ├── PressedTwice           the same button within three seconds: counts once
    ├── SlowDown               the same upscale again, too soon
    ├── UnusableMask           a region that leaves nothing to draw, or nothing to keep
    ├── UnreadablePicture      the bytes are no picture of a kind that we take
    ├── StoreFull              the disk has no room for a picture
    └── StoreUnreachable       where pictures are kept does not answer, or refuses us

Each carries the title and the sentence that the member reads. The sentence says what to change. Programs know the
titles; the sentences can be said in other languages.
"""

import math
from collections.abc import Sequence
from datetime import datetime

from bot.domain.exact import ANOTHER_UPSCALE, QUEUE_FULL
from bot.domain.said import Said, joined


class StudioError(Exception):
    """A fact about the request, told to the member in one short sentence."""

    title = "Invalid request"

    def __init__(self, sentence: str, /, **values: object) -> None:
        """`sentence` is a pattern where there are `values`."""
        self.sentence = Said(sentence, **values) if values else sentence
        super().__init__(self.sentence)


class PromptError(StudioError):
    title = "Invalid prompt"


class EmptyPrompt(PromptError):
    title = "Empty prompt"

    def __init__(self) -> None:
        super().__init__(
            "There is nothing to draw yet. Describe a picture, for example `/imagine prompt: a fox under a full moon`."
        )


class PromptTooLong(PromptError):
    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            "Your prompt has {length:,} characters; at most {limit:,} are taken. Please shorten it.",
            length=length,
            limit=limit,
        )


class InvalidPrompt(PromptError):
    title = "Invalid prompt"


class InvalidParameter(PromptError):
    title = "Invalid parameter"


class InvalidLink(PromptError):
    title = "Invalid link"


class DuplicateImages(PromptError):
    title = "Duplicate images detected"

    def __init__(self) -> None:
        super().__init__("Two of these pictures are the same. Choose different ones.")


class NotEnoughRatings(PromptError):
    title = "Not enough ratings"


class NotInPlan(PromptError):
    title = "Job action restricted"


class CannotDraw(PromptError):
    title = "Invalid parameter"


class NotAllowed(StudioError):
    title = "Job action restricted"


class JobGone(StudioError):
    title = "Invalid request"

    def __init__(self) -> None:
        super().__init__("This picture is no longer here. It may have been deleted; `/gallery` shows what there is.")


class BatchGone(StudioError):
    def __init__(self) -> None:
        super().__init__("That question was answered already, or is more than a day old. Send the prompt again.")


class JobNotCancellable(StudioError):
    def __init__(self) -> None:
        super().__init__("This job has already ended, so there is nothing to cancel.")


class QueueFull(StudioError):
    title = "Queue full"

    def __init__(self, limit: int) -> None:
        super().__init__(joined(QUEUE_FULL, Said("{limit} are waiting, which is the most.", limit=limit)))


class QueueClosed(StudioError):
    title = "Queue full"

    def __init__(self) -> None:
        super().__init__("The studio takes no new jobs just now; those that wait are still drawn. Please try later.")


class MemberBlocked(StudioError):
    title = "Blocked"

    def __init__(self, until: datetime | None, reason: str) -> None:
        if until is None:
            told = Said("You cannot start anything here any more.")
        else:
            told = Said("You cannot start anything here until {time}.", time=f"<t:{math.ceil(until.timestamp())}>")
        super().__init__(joined(told, reason))


class SubscriptionRequired(StudioError):
    title = "Subscription required"

    def __init__(self) -> None:
        super().__init__("Drawing needs a plan here. `/subscribe` shows what there is; `/info` shows what you have.")


class SubscriptionPaused(StudioError):
    title = "Subscription paused"

    def __init__(self) -> None:
        super().__init__(
            "Your plan is paused, because the last payment did not go through. "
            "`/subscribe` leads to the page where you can put that right."
        )


class PlanCancelled(SubscriptionRequired):
    title = "Plan Cancelled"

    def __init__(self, ended_at: datetime) -> None:
        told = Said(
            "Your plan ended on <t:{at}:D>. `/subscribe` shows what there is; your pictures stay in `/gallery`.",
            at=math.floor(ended_at.timestamp()),
        )
        StudioError.__init__(self, told)


class CreditsExhausted(StudioError):
    title = "Credits exhausted"


class UnknownPlan(StudioError):
    def __init__(self, name: str, known: Sequence[str]) -> None:
        if known:
            super().__init__("There is no plan named `{name}`. There are {known}.", name=name, known=", ".join(known))
        else:
            super().__init__("There is no plan named `{name}`. Plans are switched off in the settings.", name=name)


class PressedTwice(StudioError):
    title = "Slow Down!"

    def __init__(self) -> None:
        super().__init__("That button was pressed a moment ago and is being worked on.")


class SlowDown(StudioError):
    title = "Slow Down!"

    def __init__(self, until: datetime) -> None:
        super().__init__(joined(ANOTHER_UPSCALE, f"<t:{math.ceil(until.timestamp())}:R>"))


class UnusableMask(StudioError):
    title = "Invalid request"


class UnreadablePicture(StudioError):
    title = "Invalid image"


class StoreFull(StudioError):
    title = "Internal error"

    def __init__(self) -> None:
        super().__init__(
            "The studio's disk is full, so the picture could not be kept. "
            "The operator has been told; nothing was charged."
        )


class StoreUnreachable(StudioError):
    """`why` is for the operator."""

    title = "Internal error"

    def __init__(self, why: str) -> None:
        super().__init__("The studio cannot get at its pictures just now. Please try again in a while.")
        self.why = why
