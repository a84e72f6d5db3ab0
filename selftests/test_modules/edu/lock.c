// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lock of a device is dropped by edu_unlock() and not by mutex_unlock() where the engine
 * must hear of what has ended meanwhile: it may wait for user memory, which nothing under the
 * lock may.
 */
#include "edu.h"

/**
 * edu_tell() - something has changed, of which the engine must know
 * @edu: device
 * @into_memory: memory, else the buffer
 * @at: IOVA or offset
 * @len: bytes
 *
 * It is told when the lock is dropped; there is room for all that can happen until then.
 */
void edu_tell(struct edu_device *edu, bool into_memory, u64 at, u64 len)
{
	if (WARN_ON_ONCE(edu->news_count == EDU_NEWS))
		return;
	edu->news[edu->news_count++] = (struct edu_news){ into_memory, at, len };
}

/**
 * edu_unlock() - drop the lock, and tell the engine what has ended
 * @edu: device
 *
 * The engine may wait for user memory, so not from a reset.
 */
void edu_unlock(struct edu_device *edu)
{
	struct edu_news news[EDU_NEWS];
	unsigned int i, count = edu->news_count;

	memcpy(news, edu->news, count * sizeof(news[0]));
	edu->news_count = 0;
	if (count)
		edu->telling++;
	mutex_unlock(&edu->lock);
	if (!count)
		return;
	for (i = 0; i < count; i++)
		if (news[i].into_memory)
			ref_log_write(&edu->ref, news[i].at, news[i].len);
		else
			ref_dirty(&edu->ref, news[i].at, news[i].len);
	mutex_lock(&edu->lock);
	edu->telling--;
	mutex_unlock(&edu->lock);
}
