"""List destinations that behave like one: when what they take is in effect, and from what size lists can be used."""
