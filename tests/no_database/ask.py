"""Ask a project for each of these paths, twice, and print the statuses as JSON."""

from __future__ import annotations

import json
import sys

import django
from django.test import Client

django.setup()
client = Client(headers={"host": "app.example.com"})
answers = [client.get(path, secure=True) for path in sys.argv[1:] * 2]
seen = [[one.status_code, one["Access-Control-Allow-Origin"]] for one in answers]
sys.stdout.write(json.dumps(seen))
