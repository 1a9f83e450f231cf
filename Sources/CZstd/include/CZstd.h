#ifndef QUINTET_CZSTD_H
#define QUINTET_CZSTD_H

#include <zstd.h>

// What zstd has only as macros, as values.

static const unsigned long long qz_size_unknown = ZSTD_CONTENTSIZE_UNKNOWN;
static const unsigned long long qz_size_error = ZSTD_CONTENTSIZE_ERROR;

#endif
