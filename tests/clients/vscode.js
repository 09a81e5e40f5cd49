// How VS Code's extensions find a Docker socket: DOCKER_HOST when it is set, otherwise the endpoint of the current
// context as the docker CLI tells it; then dockerode.
'use strict';
const { execFileSync } = require('child_process');
const Docker = require('dockerode');

function endpoint() {
    if (process.env.DOCKER_HOST) return process.env.DOCKER_HOST;
    const [context] = JSON.parse(execFileSync('docker', ['context', 'inspect'], { encoding: 'utf8' }));
    return context.Endpoints.docker.Host;
}

async function main() {
    const host = endpoint();
    if (!host.startsWith('unix://')) throw new Error(`no unix socket: ${host}`);
    const docker = new Docker({ socketPath: host.slice('unix://'.length) });
    console.log((await docker.info()).Name.length > 0, (await docker.version()).Version);
    console.log((await docker.listImages()).map((i) => i.RepoTags));
    console.log((await docker.listContainers({ all: true })).map((c) => c.Names));
    console.log((await docker.listVolumes()).Volumes, (await docker.listNetworks()).map((n) => n.Name).sort());
    console.log('finished');
}

main().catch((e) => { console.error(e); process.exit(1); });
