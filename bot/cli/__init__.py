"""The nouns of the command line that the bot adds."""
