"""An OPC UA server in a process of its own, loaded with a NodeSet2: a press that counts.

What it counted has a history in one variable and none in another.

Arguments: port, folder, namespaces to register first (so that indices differ between two starts), and the first
number to count from. Every counted value is in the history before the next one is made, and a server that starts
again goes on after the last one that is there.
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.history_sql import HistorySQLite

NODESET = Path(__file__).with_name("press.nodeset2.xml")
URI = "https://example.org/press/"


class Users:
    """Lets one person in."""

    def get_user(
        self,
        iserver: object,
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,
    ) -> User | None:
        known = username == "li" and password == "spindle"  # noqa: S105 - made up
        return User(role=UserRole.User, name="li") if known else None


async def main(port: int, folder: Path, *, before: int, first: int, last: int) -> None:
    server = Server(user_manager=Users() if (folder / "server.pem").exists() else None)
    history = HistorySQLite(str(folder / "history.db"))
    await history.init()
    server.iserver.history_manager.set_storage(history)
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}/press")
    if (folder / "server.pem").exists():
        server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
        await server.load_certificate(folder / "server.der")
        await server.load_private_key(folder / "server.pem")
    else:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    for number in range(before):
        await server.register_namespace(f"https://example.org/other/{number}")
    await server.import_xml(NODESET)
    index = await server.get_namespace_index(URI)
    torque = server.get_node(f"ns={index};i=5001")
    temperature = server.get_node(f"ns={index};s=Press.Spindle.Temperature")
    humidity = server.get_node(f"ns={index};s=Press.Humidity")
    async with server:
        await server.historize_node_data_change(torque, period=None, count=0)
        known = [one.Value.Value for one in await torque.read_raw_history(return_bounds=False)]
        first = max([first, *(int(one) + 1 for one in known if one is not None)])
        print("ready", flush=True)  # noqa: T201 - the test waits for it
        await asyncio.sleep(1.0)
        for number in range(first, last):
            at = datetime.now(UTC)
            await torque.write_value(
                ua.DataValue(ua.Variant(float(number), ua.VariantType.Double), SourceTimestamp=at)
            )
            await humidity.write_value(
                ua.DataValue(ua.Variant(float(number), ua.VariantType.Double), SourceTimestamp=at)
            )
            if number % 20 == 7:
                await temperature.write_value(
                    ua.DataValue(
                        ua.Variant(20.0 + number, ua.VariantType.Double),
                        StatusCode=ua.StatusCode(ua.StatusCodes.BadSensorFailure),
                        SourceTimestamp=at,
                    )
                )
            while not await torque.read_raw_history(at, return_bounds=False):  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.005)
            (folder / "count").write_text(str(number))
            await asyncio.sleep(0.02)
        print("done", flush=True)  # noqa: T201 - likewise
        await asyncio.sleep(60)


if __name__ == "__main__":
    _, port, folder, before, first, last = sys.argv
    asyncio.run(main(int(port), Path(folder), before=int(before), first=int(first), last=int(last)))
