"""EventBridge Scheduler: moto keeps the schedules, and here they are checked and invoke their targets in time."""
