// SPDX-License-Identifier: BSD-2-Clause
import * as ml from '../../third_party/download/npm/node_modules/@noble/post-quantum/esm/ml-dsa.js';
import * as slh from '../../third_party/download/npm/node_modules/@noble/post-quantum/esm/slh-dsa.js';

// "SLH-DSA-SHA2-128s" is slh_dsa_sha2_128s, "ML-DSA-65" is ml_dsa65.
function find(algorithm) {
    const name = algorithm.toLowerCase().replaceAll('-', '_').replace(/^ml_dsa_/, 'ml_dsa');
    const found = ml[name] ?? slh[name];
    if (found === undefined) {
        throw new Error('no such algorithm');
    }
    return found;
}

export const commands = {
    'make-key': (algorithm, seed) => {
        const { publicKey, secretKey } = find(algorithm).keygen(seed);
        return [publicKey, secretKey];
    },
    // No random bytes: the deterministic variant.
    sign: (algorithm, secretKey, context, message, random) => [
        find(algorithm).sign(secretKey, message, context, random.length > 0 ? random : undefined),
    ],
    verify: (algorithm, publicKey, context, message, signature) =>
        find(algorithm).verify(publicKey, message, signature, context) ? [] : null,
};
