"""Where to look when a picture is cropped: ``faces`` finds them, ``looking`` decides which of them, ``framing`` moves the crop."""
