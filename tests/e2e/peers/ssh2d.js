// An SSH server of another make (the npm package ssh2), for one key, on 127.0.0.1.
//
//     node ssh2d.js PORTFILE HOSTKEY PUBLIC_KEY [no-streamlocal]
//
// It connects clients to unix sockets, unless told not to, and runs commands. The port
// it got is written to PORTFILE. The package is found through NODE_PATH.
'use strict';

const { spawn } = require('child_process');
const { readFileSync, renameSync, writeFileSync } = require('fs');
const net = require('net');
const { Server, utils } = require('ssh2');

const [portfile, hostkey, publicKey, ...options] = process.argv.slice(2);
const allowed = utils.parseKey(readFileSync(publicKey));

function authenticate(ctx) {
    if (ctx.method !== 'publickey' || ctx.key.algo !== allowed.type || !ctx.key.data.equals(allowed.getPublicSSH()))
        return ctx.reject(['publickey']);
    if (ctx.signature && allowed.verify(ctx.blob, ctx.signature, ctx.hashAlgo) !== true)
        return ctx.reject(['publickey']);
    return ctx.accept();
}

function forward(accept, reject, info) {
    const socket = net.connect({ path: info.socketPath, allowHalfOpen: true });
    socket.once('error', () => reject());
    socket.once('connect', () => {
        const channel = accept();
        socket.removeAllListeners('error');
        socket.on('error', () => channel.close());
        channel.on('error', () => socket.destroy());
        channel.on('close', () => socket.destroy());
        channel.pipe(socket).pipe(channel);
    });
}

function run(accept, reject, info) {
    const channel = accept();
    const child = spawn('/bin/sh', ['-c', info.command]);
    channel.pipe(child.stdin);
    child.stdin.on('error', () => {});
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code) => {
        channel.exit(code === null ? 255 : code);
        channel.end();
    });
    channel.on('close', () => child.kill('SIGKILL'));
}

const server = new Server({ hostKeys: [readFileSync(hostkey)] }, (client) => {
    client.on('authentication', authenticate);
    client.on('error', () => {});
    client.on('ready', () => {
        if (!options.includes('no-streamlocal'))
            client.on('openssh.streamlocal', forward);
        client.on('session', (accept) => accept().on('exec', run));
    });
});
server.listen(0, '127.0.0.1', () => {
    writeFileSync(portfile + '.new', String(server.address().port));
    renameSync(portfile + '.new', portfile);
});
