"""What every test may use: `pytester`, which pytest takes only from the topmost conftest."""

pytest_plugins = ["pytester"]
