"""Everything that speaks Discord: commands, buttons, reactions, and the notifier through which jobs are shown."""
