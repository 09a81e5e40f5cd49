// npm dockerode, the library below most JavaScript tools.
'use strict';
const crypto = require('crypto');
const { PassThrough } = require('stream');
const Docker = require('dockerode');

const docker = new Docker();

function collect(stream) {
    return new Promise((resolve, reject) => {
        const chunks = [];
        stream.on('data', (chunk) => chunks.push(chunk));
        stream.on('end', () => resolve(Buffer.concat(chunks)));
        stream.on('error', reject);
    });
}

// Standard output and error of a multiplexed stream, each as text.
async function demux(stream) {
    const out = new PassThrough();
    const err = new PassThrough();
    docker.modem.demuxStream(stream, out, err);
    stream.on('end', () => { out.end(); err.end(); });
    return (await Promise.all([collect(out), collect(err)])).map(String);
}

// A tar of one file: dockerode brings no writer, and one header is enough.
function tar(name, data) {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write('0000644\0' + '0000000\0' + '0000000\0' + data.length.toString(8).padStart(11, '0') + '\0'
        + '00000000000\0' + '        ' + '0', 100);
    const sum = header.reduce((a, b) => a + b, 0);
    header.write(sum.toString(8).padStart(6, '0') + '\0 ', 148);
    return Buffer.concat([header, data, Buffer.alloc((512 - data.length % 512) % 512 + 1024)]);
}

async function main() {
    console.log(String(await docker.ping()), (await docker.version()).ApiVersion);
    await docker.getContainer('nothing-of-that-name').inspect().catch((e) => console.log(e.statusCode, e.json.message));

    const c = await docker.createContainer({
        Image: 'bb', name: 'client', Cmd: ['sh', '-c', 'read line; echo "got $line"; echo err >&2; exec sleep 100000'],
        OpenStdin: true, StdinOnce: true, HostConfig: { NetworkMode: 'none' },
    });
    try {
        const attached = await c.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
        await c.start();
        attached.write('a line\n');
        const exec = await c.exec({ Cmd: ['sh', '-c', 'cat; echo err >&2; exit 5'], AttachStdin: true, AttachStdout: true, AttachStderr: true });
        const stream = await exec.start({ hijack: true, stdin: true });
        stream.end('to the end\n');
        console.log(await demux(stream), (await exec.inspect()).ExitCode);

        const data = crypto.createHash('sha256').update('seed').digest();
        const blob = Buffer.concat(Array(100000).fill(data));
        await c.putArchive(tar('blob', blob), { path: '/tmp' });
        const back = await collect(await c.getArchive({ path: '/tmp/blob' }));
        console.log(back.subarray(512, 512 + blob.length).equals(blob), back.length);

        const events = await docker.getEvents({ filters: { container: [c.id] }, since: 1, until: Math.floor(Date.now() / 1000) + 1 });
        const statuses = String(await collect(events)).trim().split('\n').map((l) => JSON.parse(l).status);
        console.log(statuses.filter((s) => !s.startsWith('exec_')));
        await c.kill();
        console.log((await c.wait()).StatusCode);
        console.log(await demux(await c.logs({ follow: true, stdout: true, stderr: true })));
        console.log((await demux(attached)).map((s) => s.length >= 0));
    } finally {
        await c.remove({ force: true });
    }
    const build = await docker.buildImage(tar('Dockerfile', Buffer.from('FROM bb\nENV BUILT=yes\n')), { t: 'client:built', q: true });
    await collect(build);
    console.log((await docker.getImage('client:built').inspect()).Config.Env);
    await docker.getImage('client:built').remove();
    console.log('finished');
}

main().catch((e) => { console.error(e); process.exit(1); });
