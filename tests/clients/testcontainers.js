// npm testcontainers: its own wait strategies, exec, log streams, copies. Nothing is pulled and no helper
// container is started (TESTCONTAINERS_RYUK_DISABLED): the image is the lab's.
'use strict';
const { GenericContainer, Wait } = require('testcontainers');

const firstLines = (stream, count) => new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk) => {
        text += chunk;
        if (text.split('\n').length > count) resolve(text.split('\n').slice(0, count));
    });
    stream.on('error', reject);
    stream.on('end', () => reject(new Error(`the log ended after ${JSON.stringify(text)}`)));
});

const sleeper = (script) => new GenericContainer('bb').withNetworkMode('none')
    .withCommand(['sh', '-c', `${script}; exec sleep 100000`]).withStartupTimeout(30000);

async function main() {
    const byLog = await sleeper('echo starting; sleep 0.3; echo ready to serve')
        .withWaitStrategy(Wait.forLogMessage('ready to serve')).start();
    console.log(await firstLines(await byLog.logs(), 2));
    const { output, exitCode, stdout, stderr } = await byLog.exec(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    console.log(exitCode, JSON.stringify(stdout), JSON.stringify(stderr), output.length);
    await byLog.copyContentToContainer([{ content: 'copied\n', target: '/tmp/copied' }]);
    console.log((await byLog.exec('cat /tmp/copied')).output);
    await byLog.restart({ timeout: 0 });
    await byLog.stop({ timeout: 0 });

    const byCommand = await sleeper('sleep 0.3; touch /tmp/ready')
        .withWaitStrategy(Wait.forSuccessfulCommand('test -e /tmp/ready')).start();
    console.log((await byCommand.exec('ls /tmp')).output);
    await byCommand.stop({ timeout: 0 });

    const byHealth = await sleeper('sleep 0.3; touch /tmp/ready')
        .withHealthCheck({ test: ['CMD-SHELL', 'test -e /tmp/ready'], interval: 200, timeout: 1000, retries: 50, startPeriod: 0 })
        .withWaitStrategy(Wait.forHealthCheck()).start();
    console.log('healthy');
    await byHealth.stop({ timeout: 0 });

    await new GenericContainer('bb').withNetworkMode('none').withCommand(['true'])
        .withWaitStrategy(Wait.forOneShotStartup()).start().then((c) => c.stop({ timeout: 0 }));
    console.log('one shot');

    const many = await Promise.all(Array.from({ length: 6 }, () => sleeper('echo up').withWaitStrategy(Wait.forLogMessage('up')).start()));
    console.log((await Promise.all(many.map((c, i) => c.exec(`echo ${i}`)))).map((r) => r.output.trim()));
    await Promise.all(many.map((c) => c.stop({ timeout: 0 })));
    console.log('finished');
}

// testcontainers 10.28 unrefs the socket of a log stream (docker-container-client.js, logs()): node would end, with
// exit status 0, while such a stream is all that we wait for. A timer keeps it here, and is our deadline.
const fail = (e) => { console.error(e); process.exit(1); };
setTimeout(() => fail(new Error('not finished within 100 s')), 100000);
main().then(() => process.exit(0), fail);
