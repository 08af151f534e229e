"""Lambda's API: functions, versions and aliases as they are configured, over moto's."""
