"""The description of the API and the API agree, whatever is sent."""
