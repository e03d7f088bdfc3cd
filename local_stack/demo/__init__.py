"""The demo: ninety days of a company's feedback, or the user's own file, sent as any client would send it."""

from local_stack.demo.run import run_demo

__all__ = ["run_demo"]
