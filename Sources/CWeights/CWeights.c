#include "CWeights.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

// The files stand beside this one; `quintet route train --out Sources/CWeights` writes them.

static const unsigned char agents[] = {
#embed "agents.weights"
};

static const unsigned char complexity[] = {
#embed "complexity.weights"
};

const unsigned char *const qw_agents = agents;
const size_t qw_agents_size = sizeof agents;

const unsigned char *const qw_complexity = complexity;
const size_t qw_complexity_size = sizeof complexity;
