/*
 * fuzz - the one function of a fuzz target, as libFuzzer calls it.
 *
 * A target aborts where the grammar it feeds breaks its own contract. Built
 * with --enable-fuzzers it is a fuzzer; else replay.c feeds it its corpus, so
 * that what was found once stays found.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
