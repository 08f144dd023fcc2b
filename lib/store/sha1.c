#include "sha1.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK 64

static uint32_t
rotate(uint32_t x, unsigned bits)
{
	return x << bits | x >> (32 - bits);
}

static void
mix(uint32_t h[5], const unsigned char block[BLOCK])
{
	uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];

	for (int i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 |
		    (uint32_t)block[4 * i + 1] << 16 |
		    (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (int i = 16; i < 80; i++)
		w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
	for (int i = 0; i < 80; i++) {
		uint32_t f, k, next;

		if (i < 20)
			f = (b & c) | (~b & d), k = 0x5a827999;
		else if (i < 40)
			f = b ^ c ^ d, k = 0x6ed9eba1;
		else if (i < 60)
			f = (b & c) | (b & d) | (c & d), k = 0x8f1bbcdc;
		else
			f = b ^ c ^ d, k = 0xca62c1d6;
		next = rotate(a, 5) + f + e + k + w[i];
		e = d, d = c, c = rotate(b, 30), b = a, a = next;
	}
	h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
}

void
sha1_hex(struct span text, char dst[41])
{
	uint32_t h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
	    0xc3d2e1f0 };
	const uint64_t bits = (uint64_t)text.len * 8;
	unsigned char last[2 * BLOCK] = { 0 };
	size_t size;

	for (; text.len >= BLOCK; text.at += BLOCK, text.len -= BLOCK)
		mix(h, (const unsigned char *)text.at);
	if (text.len > 0)
		memcpy(last, text.at, text.len);
	last[text.len] = 0x80;
	size = text.len + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
	for (int i = 0; i < 8; i++)
		last[size - 1 - i] = (unsigned char)(bits >> (8 * i));
	for (size_t i = 0; i < size; i += BLOCK)
		mix(h, last + i);
	for (int i = 0; i < 5; i++)
		snprintf(dst + 8 * i, 9, "%08x", (unsigned)h[i]);
}
