// SPDX-License-Identifier: BSD-2-Clause
// The sealed channel a second time, written from docs/seal.md: ML-KEM and HKDF by
// noble, X25519 and ChaCha20-Poly1305 by node.
import {
    createCipheriv, createDecipheriv, createPrivateKey, createPublicKey, diffieHellman, randomBytes,
} from 'node:crypto';

import { expand, extract } from '../../third_party/download/npm/node_modules/@noble/hashes/esm/hkdf.js';
import { sha512 } from '../../third_party/download/npm/node_modules/@noble/hashes/esm/sha2.js';
import * as ml from '../../third_party/download/npm/node_modules/@noble/post-quantum/esm/ml-kem.js';

const LABEL = Buffer.from('skyscope sealed channel 1');
const SUITES = {
    'X25519-ML-KEM-768': { id: 0x0401, kem: ml.ml_kem768, ciphertext: 1088 },
    'X25519-ML-KEM-1024': { id: 0x0402, kem: ml.ml_kem1024, ciphertext: 1568 },
};

const number = (value, size) => {
    const bytes = Buffer.alloc(size);
    bytes.writeUIntLE(value, 0, Math.min(size, 6));
    return bytes;
};

// X25519 keys in the forms of RFC 8410, which is what node takes.
const privateKey = (bytes) => createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), bytes]), format: 'der', type: 'pkcs8',
});
const publicKey = (bytes) => createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), bytes]), format: 'der', type: 'spki',
});
const publicOf = (bytes) => createPublicKey(privateKey(bytes)).export({ format: 'der', type: 'spki' }).subarray(12);
const agree = (mine, theirs) => diffieHellman({ privateKey: privateKey(mine), publicKey: publicKey(theirs) });

function keys(kemSecret, x25519Secret, header, recipient, context) {
    const transcript = sha512(Buffer.concat([LABEL, Buffer.alloc(1), header, recipient, number(context.length, 8),
        context]));
    const extracted = extract(sha512, Buffer.concat([kemSecret, x25519Secret]), LABEL);
    const derive = (label) => Buffer.from(expand(sha512, extracted,
        Buffer.concat([Buffer.from(`${label}\0`), transcript]), 32));
    return { forth: derive('initiator to recipient'), confirmation: derive('confirmation') };
}

const nonce = (index) => Buffer.concat([Buffer.alloc(4), number(index, 8)]);

function sealRecord(key, index, data, last) {
    const prefix = Buffer.concat([number(last ? 2 : 1, 1), number(data.length, 2)]);
    const cipher = createCipheriv('chacha20-poly1305', key, nonce(index), { authTagLength: 16 });
    cipher.setAAD(prefix, { plaintextLength: data.length });
    return Buffer.concat([prefix, cipher.update(data), cipher.final(), cipher.getAuthTag()]);
}

function openRecord(key, index, record) {
    const end = record.length - 16;
    const cipher = createDecipheriv('chacha20-poly1305', key, nonce(index), { authTagLength: 16 });
    cipher.setAAD(record.subarray(0, 3), { plaintextLength: end - 3 });
    cipher.setAuthTag(record.subarray(end));
    return Buffer.concat([cipher.update(record.subarray(3, end)), cipher.final()]);
}

const keyId = (suite, recipient) => sha512(Buffer.concat([number(suite.id, 2), recipient])).slice(0, 32);

export const commands = {
    'seal-public-key': (algorithm, secretKey) => {
        const suite = SUITES[algorithm];
        return [Buffer.concat([publicOf(secretKey.subarray(0, 32)), suite.kem.keygen(secretKey.slice(32)).publicKey])];
    },
    // Records of 1000 bytes.
    seal: (algorithm, recipient, context, text) => {
        const suite = SUITES[algorithm];
        const ephemeral = randomBytes(32);
        const { cipherText, sharedSecret } = suite.kem.encapsulate(recipient.slice(32));
        const header = Buffer.concat([Buffer.from('SKYSEALD'), number(1, 2), number(suite.id, 2),
            keyId(suite, recipient), publicOf(ephemeral), cipherText]);
        const derived = keys(sharedSecret, agree(ephemeral, recipient.subarray(0, 32)), header, recipient, context);
        const parts = [header, derived.confirmation];
        for (let at = 0, index = 0; index === 0 || at < text.length; at += 1000, index += 1) {
            parts.push(sealRecord(derived.forth, index, text.subarray(at, at + 1000), at + 1000 >= text.length));
        }
        return [Buffer.concat(parts)];
    },
    unseal: (algorithm, secretKey, context, sealed) => {
        const suite = SUITES[algorithm];
        const [recipient] = commands['seal-public-key'](algorithm, secretKey);
        const end = 8 + 2 + 2 + 32 + 32 + suite.ciphertext;
        const header = Buffer.from(sealed.subarray(0, end));
        const expected = Buffer.concat([Buffer.from('SKYSEALD'), number(1, 2), number(suite.id, 2),
            keyId(suite, recipient)]);
        const kemKey = suite.kem.keygen(secretKey.slice(32)).secretKey;
        const kemSecret = suite.kem.decapsulate(sealed.slice(76, end), kemKey);
        const derived = keys(kemSecret, agree(secretKey.subarray(0, 32), header.subarray(44, 76)), header, recipient,
            context);
        if (!header.subarray(0, 44).equals(expected) ||
            !derived.confirmation.equals(Buffer.from(sealed.subarray(end, end + 32)))) {
            return null;
        }
        const parts = [];
        for (let at = end + 32, index = 0; ; index += 1) {
            const record = Buffer.from(sealed.subarray(at));
            const size = 3 + record.readUInt16LE(1) + 16;
            parts.push(openRecord(derived.forth, index, record.subarray(0, size)));
            at += size;
            if (record[0] === 2) {
                return at === sealed.length ? [Buffer.concat(parts)] : null;
            }
        }
    },
};
