"""The page. ``mount`` puts it into the application, ``page`` lays it out, a room for each tab; ``endpoints`` are the Gradio
client's, ``following`` is what every tab does with a job."""
