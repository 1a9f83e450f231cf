#ifndef QUINTET_CWEIGHTS_H
#define QUINTET_CWEIGHTS_H

#include <stddef.h>

// The trained weights that are part of the binary, as files of `Core/Features/Weights.swift`.

extern const unsigned char *const qw_agents;
extern const size_t qw_agents_size;

#endif
