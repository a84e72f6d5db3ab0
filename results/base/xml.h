/* SPDX-License-Identifier: GPL-2.0-only */
/* Clean text, escaped for XML and HTML, and wrapped for a terminal. */
#ifndef VMIG_RESULTS_XML_H
#define VMIG_RESULTS_XML_H

#include <stdio.h>

void text_xml(FILE *f, const char *s);
int text_width(const char *s);
int text_bytes(const char *s, int columns);
void text_wrap(FILE *f, const char *s, int column, int indent);

#endif /* VMIG_RESULTS_XML_H */
