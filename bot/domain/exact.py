"""Sentences that client programs know word by word, and that are therefore the same in every language."""

QUEUE_FULL = "Your job queue is full. Please wait for a job to finish first, then resubmit this one."
NO_RELAX = "Failed to submit: Relax queues are only available for users with a standard plan or higher."
NO_RELAXED_BATCH = "You can not submit batch jobs in relax mode."
ANOTHER_UPSCALE = "You can request another upscale for this image"
