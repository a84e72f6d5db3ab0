/* SPDX-License-Identifier: GPL-2.0-only */
/* Style sheets and script of the pages, put into the program by the build. */
#ifndef VMIG_RESULTS_STYLE_H
#define VMIG_RESULTS_STYLE_H

extern const char report_css[], nightly_css[], report_js[];

#endif /* VMIG_RESULTS_STYLE_H */
