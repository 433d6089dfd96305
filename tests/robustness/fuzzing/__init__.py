"""The targets of the fuzzer: functions that take octets, and raise if a property is broken."""
