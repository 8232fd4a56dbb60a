// SPDX-License-Identifier: BSD-2-Clause
// An independent implementation, noble-post-quantum, behind the same lines as
// crypto_cli: see crypto_cli.h. The commands are in noble_*.mjs.
import { readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';

const commands = {};
for (const file of readdirSync(import.meta.dirname ?? new URL('.', import.meta.url)).sort()) {
    if (/^noble_.*\.mjs$/.test(file)) {
        Object.assign(commands, (await import(`./${file}`)).commands);
    }
}

const decode = (word) => Uint8Array.from(Buffer.from(word === '-' ? '' : word, 'hex'));
const encode = (bytes) => Buffer.from(bytes).toString('hex') || '-';

// A command gives a list of results, or null for "no". What it throws is an error.
function answer(line) {
    const [name, algorithm, ...words] = line.split(' ');
    const command = commands[name];
    if (command === undefined) {
        return 'error no such command';
    }
    try {
        const results = command(algorithm, ...words.map(decode));
        return results === null ? 'no' : ['ok', ...results.map(encode)].join(' ');
    } catch (error) {
        return `error ${error.message.replaceAll('\n', ' ')}`;
    }
}

for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${answer(line)}\n`);
}
