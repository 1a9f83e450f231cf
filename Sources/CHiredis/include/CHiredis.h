#ifndef QUINTET_CHIREDIS_H
#define QUINTET_CHIREDIS_H

#include <hiredis/hiredis.h>

// A parser of replies that refuses arrays which claim more elements than it will take memory for. hiredis itself has
// such a limit from version 1.0 on only.
typedef struct {
    redisReader *reader;
    // Elements that the arrays of the current reply may still have.
    long long elements;
    // hiredis's own way to make replies, but for arrays.
    redisReplyObjectFunctions functions;
    void *(*create_array)(const redisReadTask *, int);
} qr_parser;

// NULL when there is no memory.
qr_parser *qr_parser_create(void);
void qr_parser_free(qr_parser *parser);

// Bytes that were fed and belong to no complete reply yet.
static inline size_t qr_parser_waiting(const qr_parser *parser) { return parser->reader->len - parser->reader->pos; }

static inline const char *qr_parser_error(const qr_parser *parser) { return parser->reader->errstr; }

#endif
