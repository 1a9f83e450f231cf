#include "CHiredis.h"

#include <stdlib.h>

static void *create_array(const redisReadTask *task, int elements) {
    qr_parser *parser = task->privdata;
    if (elements > parser->elements) return NULL;
    if (elements > 0) parser->elements -= elements;
    return parser->create_array(task, elements);
}

qr_parser *qr_parser_create(void) {
    qr_parser *parser = calloc(1, sizeof *parser);
    if (parser == NULL) return NULL;
    parser->reader = redisReaderCreate();
    if (parser->reader == NULL) {
        free(parser);
        return NULL;
    }
    parser->functions = *parser->reader->fn;
    parser->create_array = parser->functions.createArray;
    parser->functions.createArray = create_array;
    parser->reader->fn = &parser->functions;
    parser->reader->privdata = parser;
    return parser;
}

void qr_parser_free(qr_parser *parser) {
    redisReaderFree(parser->reader);
    free(parser);
}
