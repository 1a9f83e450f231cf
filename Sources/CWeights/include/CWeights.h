#ifndef QUINTET_CWEIGHTS_H
#define QUINTET_CWEIGHTS_H

#include <stddef.h>

// The trained weights that are part of the binary, as files of `Core/Features/Weights.swift`.

extern const unsigned char *const qw_agents;
extern const size_t qw_agents_size;

// As `Core/Planning/Complexity/ComplexityModel+file.swift` writes them.

extern const unsigned char *const qw_complexity;
extern const size_t qw_complexity_size;

#endif
