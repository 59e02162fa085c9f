"""Runs all parts of OpenStack Swift in one process, and says when it answers: folder, and a port for each part."""

import os
import sys

from swift.common import utils

utils.eventlet_monkey_patch()

import eventlet
from eventlet import wsgi
from swift.common.ring import RingBuilder
from swift.common.wsgi import loadapp

folder = sys.argv[1]
ports = dict(zip(("account", "container", "object", "proxy"), map(int, sys.argv[2:])))

for part in ("account", "container", "object"):
    ring = RingBuilder(2, 1, 0)
    ring.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": ports[part], "device": "d1", "meta": ""})
    ring.rebalance()
    ring.get_ring().save(os.path.join(folder, part + ".ring.gz"))

for part, port in ports.items():
    app = loadapp(os.path.join(folder, part + ".conf"), global_conf={})
    eventlet.spawn(wsgi.server, eventlet.listen(("127.0.0.1", port)), app, open(os.devnull, "w"))

print("answering", flush=True)
while True:
    eventlet.sleep(3600)
