/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What cost.c uses of the plugin interface of QEMU (docs/devel/tcg-plugins.rst), in version 1,
 * QEMU 4.2 to 8.2. Debian has no package with QEMU's own header, and the interface is that of
 * functions that QEMU exports: a plugin that declares them needs nothing else to be built.
 */
#ifndef VMIG_GUEST_COST_QEMU_PLUGIN_H
#define VMIG_GUEST_COST_QEMU_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

/* Hidden by default in a plugin: QEMU looks for two symbols, and finds these. */
#define QEMU_EXPORT __attribute__((visibility("default")))

/* QEMU refuses to load a plugin of a version that it does not speak. */
#define QEMU_PLUGIN_VERSION 1

typedef uint64_t qemu_plugin_id_t;

struct qemu_plugin_tb;
struct qemu_plugin_insn;

/* Only handed through: what a plugin is told of the machine. */
struct qemu_info_t;

/* A callback may read the registers; these do not. */
enum qemu_plugin_cb_flags {
	QEMU_PLUGIN_CB_NO_REGS,
};

typedef void (*qemu_plugin_simple_cb_t)(qemu_plugin_id_t id);
typedef void (*qemu_plugin_vcpu_tb_trans_cb_t)(qemu_plugin_id_t id, struct qemu_plugin_tb *tb);
typedef void (*qemu_plugin_vcpu_udata_cb_t)(unsigned int vcpu_index, void *userdata);
typedef void (*qemu_plugin_udata_cb_t)(qemu_plugin_id_t id, void *userdata);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, qemu_plugin_vcpu_tb_trans_cb_t cb);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, qemu_plugin_vcpu_udata_cb_t cb,
					  enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    qemu_plugin_vcpu_udata_cb_t cb,
					    enum qemu_plugin_cb_flags flags, void *userdata);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, qemu_plugin_udata_cb_t cb, void *userdata);

/* Forgets all callbacks and all that was translated, then calls @cb to register others. */
void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t cb);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t idx);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv);

#endif /* VMIG_GUEST_COST_QEMU_PLUGIN_H */
