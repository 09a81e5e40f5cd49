"""docker-py (the distribution's python3-docker)."""
import hashlib
import io
import tarfile

import docker

client = docker.from_env()
print(client.ping(), client.version()["ApiVersion"])
print(client.containers.run("bb", "echo hi", network_mode="none", remove=True))
try:
    client.containers.get("nothing-of-that-name")
except docker.errors.NotFound as why:
    print(why.explanation)

keeper = client.containers.run("bb", "sh -c 'seq 3; exec sleep 100000'", name="client", network_mode="none", detach=True)
try:
    follow = keeper.logs(stream=True, follow=True)
    print([next(follow) for _ in range(3)])
    print(keeper.exec_run(["sh", "-c", "echo out; exit 3"]))
    print(keeper.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True))

    data = bytes(range(256)) * 10000
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        entry = tarfile.TarInfo("blob")
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    print(keeper.put_archive("/tmp", buffer.getvalue()))
    chunks, stat = keeper.get_archive("/tmp/blob")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        print(stat["size"], hashlib.sha256(tar.extractfile("blob").read()).hexdigest())

    # A hijacked connection, both ways, with a half close.
    stream = keeper.exec_run("sh -c 'cat; echo done'", stdin=True, socket=True).output
    stream._sock.sendall(b"through\n")
    stream._sock.shutdown(1)
    got = b""
    while True:
        piece = stream._sock.recv(4096)
        if not piece:
            break
        got += piece
    stream.close()
    said = {1: b"", 2: b""}
    while got:  # a frame: the stream, three zeroes, the length
        size = int.from_bytes(got[4:8], "big")
        said[got[0]] += got[8 : 8 + size]
        got = got[8 + size :]
    print(said)
    stats = keeper.stats(stream=False)
    print(sorted(stats)[:3])
finally:
    keeper.remove(force=True)
image, _ = client.images.build(fileobj=io.BytesIO(b"FROM bb\nENV BUILT=yes\n"), tag="client:built", rm=True)
print(image.attrs["Config"]["Env"])
client.images.remove("client:built")
client.close()
print("finished")
