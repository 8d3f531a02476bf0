"""The shop floor's door: scan pages, passports, shift pages and labels, put together for HTTP."""
