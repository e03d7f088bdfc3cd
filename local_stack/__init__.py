"""One command for a whole cxloop on this machine: embedded servers, every process, the demo."""
