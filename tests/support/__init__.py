"""What tests stand on: real servers, all services in one process, clients, receivers."""
