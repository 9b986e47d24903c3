"""Other people's formats, each replaceable, each an optional install."""
