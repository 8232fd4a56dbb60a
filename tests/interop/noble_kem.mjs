// SPDX-License-Identifier: BSD-2-Clause
import * as ml from '../../third_party/download/npm/node_modules/@noble/post-quantum/esm/ml-kem.js';

// "ML-KEM-768" is ml_kem768.
function find(algorithm) {
    const found = ml[algorithm.toLowerCase().replace('ml-kem-', 'ml_kem')];
    if (found === undefined) {
        throw new Error('no such algorithm');
    }
    return found;
}

export const commands = {
    'make-kem-key': (algorithm, seed) => {
        const { publicKey, secretKey } = find(algorithm).keygen(seed);
        return [publicKey, secretKey];
    },
    encapsulate: (algorithm, publicKey, random) => {
        const { cipherText, sharedSecret } = find(algorithm).encapsulate(publicKey, random);
        return [cipherText, sharedSecret];
    },
    decapsulate: (algorithm, secretKey, ciphertext) => [find(algorithm).decapsulate(ciphertext, secretKey)],
};
