"""A test of a program in any language, here rtx listen, with nothing but Python's own library."""
import json, os, subprocess, unittest, urllib.request

API, TOKEN = os.environ["RTX_API"], os.environ["RTX_TOKEN"]

def api(path, **body):
    request = urllib.request.Request(f"{API}/{path}", json.dumps(body).encode(), {
        "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))

class OrdersTest(unittest.TestCase):
    def test_orders_survive_an_outage(self):
        api("reset", connections=True)
        program = subprocess.Popen(["rtx", "listen", "orders", "--json", "--count", "2"], stdout=subprocess.PIPE)
        self.addCleanup(program.stdout.close)
        api("wait", condition="subscribed", channel="orders")
        api("publish", channel="orders", event="created", data={"id": 1})
        api("faults", fault="restart")
        api("wait", condition="subscribed", channel="orders")
        api("publish", channel="orders", event="created", data={"id": 2})
        lines = [json.loads(line) for line in program.stdout]
        self.assertEqual([line["data"]["id"] for line in lines if "data" in line], [1, 2])
        self.assertEqual(program.wait(10), 0)

unittest.main()
