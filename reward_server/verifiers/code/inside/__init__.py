"""Source that is sent into sandboxes as text. Nothing here is imported by the server."""
