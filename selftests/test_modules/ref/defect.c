// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parameters of the reference drivers: which rule to break, which freedom to take, which
 * features to offer.
 */

#include <linux/anon_inodes.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ref.h"

/* What can be chosen by its name; the first of a list has none. */
struct choice {
	const char *name;
	const char *where;
	const char *clause;
	const char *what;
	const char *who;
};

static const struct choice defects[] = {
#define DEFECT(name_, where_, chapter_, number_, what_, who_)                                      \
	[REF_DEFECT_##name_] = { #name_, #where_, #chapter_ "-" #number_, what_, who_ },
#include "defects.def"
#undef DEFECT
};

static const struct choice freedoms[] = {
#define FREEDOM(name_, where_, chapters_, what_, words_)                                           \
	[REF_FREEDOM_##name_] = { .name = #name_, .where = #where_, .what = what_ },
#include "freedoms.def"
#undef FREEDOM
};

static int defects_show(struct seq_file *m, void *unused)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(defects); i++)
		seq_printf(m, "%s\t%s\t%s\t%s\t%s\n", defects[i].name, defects[i].where,
			   defects[i].clause, defects[i].what, defects[i].who);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(defects);

static void list(void)
{
	size_t i;

	for (i = 1; i < ARRAY_SIZE(defects); i++)
		pr_info("vfio_mig: defect %s (%s): %s\n", defects[i].name, defects[i].clause,
			defects[i].what);
}

/* The number of what a value names, 0 for nothing; a negative number where there is none. */
static int choose(const struct choice *list, size_t nr, const char *value)
{
	size_t len = strcspn(value, "\n"), i;

	if (!len || (len == 4 && !strncmp(value, "none", 4)))
		return 0;
	for (i = 1; i < nr; i++)
		if (strlen(list[i].name) == len && !strncmp(list[i].name, value, len))
			return i;
	return -EINVAL;
}

static int defect_set(const char *value, const struct kernel_param *kp)
{
	struct ref_driver *driver = kp->arg;
	int i;

	if (*value == '?' && strcspn(value, "\n") == 1) {
		list();
		return 0;
	}
	i = choose(defects, ARRAY_SIZE(defects), value);
	if (i < 0)
		return i;
	WRITE_ONCE(driver->defect, i);
	return 0;
}

static int defect_get(char *buffer, const struct kernel_param *kp)
{
	const struct ref_driver *driver = kp->arg;
	enum ref_defect defect = READ_ONCE(driver->defect);

	return sysfs_emit(buffer, "%s\n", defect ? defects[defect].name : "none");
}

const struct kernel_param_ops ref_defect_param_ops = { .set = defect_set, .get = defect_get };
EXPORT_SYMBOL_GPL(ref_defect_param_ops);

static int freedom_set(const char *value, const struct kernel_param *kp)
{
	struct ref_driver *driver = kp->arg;
	int i = choose(freedoms, ARRAY_SIZE(freedoms), value);

	if (i < 0) {
		pr_err("vfio_mig: no freedom '%.*s'\n", (int)strcspn(value, "\n"), value);
		return i;
	}
	driver->freedom = i;
	return 0;
}

static int freedom_get(char *buffer, const struct kernel_param *kp)
{
	const struct ref_driver *driver = kp->arg;

	return sysfs_emit(buffer, "%s\n",
			  driver->freedom ? freedoms[driver->freedom].name : "none");
}

const struct kernel_param_ops ref_freedom_param_ops = { .set = freedom_set, .get = freedom_get };
EXPORT_SYMBOL_GPL(ref_freedom_param_ops);

static const struct {
	const char *name;
	u32 feature;
} features[] = {
	{ "p2p", REF_FEATURE_P2P },
	{ "pre_copy", REF_FEATURE_PRE_COPY },
	{ "log", REF_FEATURE_LOG },
	{ "all", REF_FEATURES_ALL },
	{ "none", 0 },
};

static int feature_of(const char *word, u32 *set)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		if (strcmp(word, features[i].name))
			continue;
		*set |= features[i].feature;
		return 0;
	}
	return -EINVAL;
}

static int features_set(const char *value, const struct kernel_param *kp)
{
	char *copy, *rest, *word;
	u32 set = 0;
	int ret = 0;

	copy = kstrdup(value, GFP_KERNEL);
	if (!copy)
		return -ENOMEM;
	rest = strim(copy);
	while (!ret && (word = strsep(&rest, ",")))
		ret = feature_of(word, &set);
	kfree(copy);
	if (!ret)
		*(u32 *)kp->arg = set;
	return ret;
}

static int features_get(char *buffer, const struct kernel_param *kp)
{
	u32 set = *(u32 *)kp->arg;

	return sysfs_emit(buffer, "stop_copy%s%s%s\n", set & REF_FEATURE_P2P ? ",p2p" : "",
			  set & REF_FEATURE_PRE_COPY ? ",pre_copy" : "",
			  set & REF_FEATURE_LOG ? ",log" : "");
}

const struct kernel_param_ops ref_features_param_ops = { .set = features_set, .get = features_get };
EXPORT_SYMBOL_GPL(ref_features_param_ops);

/**
 * ref_defect_leak_fd - install a file that nobody asked for in the caller's table
 *
 * Return: the descriptor, or a negative errno
 */
int ref_defect_leak_fd(void)
{
	static const struct file_operations none = { .owner = THIS_MODULE };

	return anon_inode_getfd("vfio-mig-leak", &none, NULL, O_RDONLY | O_CLOEXEC);
}

/**
 * ref_defect_collides - take some time, and see whether another one is at it
 * @inside: how many are
 *
 * Return: true, at once, for whoever comes while another one takes its time
 */
bool ref_defect_collides(atomic_t *inside)
{
	bool met = atomic_inc_return(inside) > 1;

	if (!met)
		usleep_range(3000, 4000);
	atomic_dec(inside);
	return met;
}
EXPORT_SYMBOL_GPL(ref_defect_collides);

static struct dentry *dir;

static int __init ref_module_init(void)
{
	dir = debugfs_create_dir("vfio_mig_ref", NULL);
	debugfs_create_file("defects", 0444, dir, NULL, &defects_fops);
	return 0;
}

static void __exit ref_module_exit(void)
{
	debugfs_remove(dir);
}

module_init(ref_module_init);
module_exit(ref_module_exit);
