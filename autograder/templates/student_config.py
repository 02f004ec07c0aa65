"""nbgrader's settings for students, read where `jupyter lab` is started in this folder."""

c = get_config()

# Validate runs the whole notebook: some cells optimize for longer than nbgrader's 30 seconds.
c.Execute.timeout = 300
c.Execute.iopub_timeout = 60
