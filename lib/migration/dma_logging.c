// SPDX-License-Identifier: GPL-2.0-only
/* Device DMA logging: START, REPORT, STOP (H:1340-1425). */
#include <errno.h>

#include <vmig/error.h>
#include <vmig/feature.h>
#include <vmig/dma_logging.h>

/**
 * __vmig_log_start - SET VFIO_DEVICE_FEATURE_DMA_LOGGING_START
 * @dev: the device
 * @page_size: in: the hint, out: what the driver chose; bytes
 * @ranges: IOVA ranges to watch; any pointer, it is for the kernel to judge
 * @count: their number
 *
 * Return: 0 or -errno.
 */
int __vmig_log_start(struct vmig_device *dev, uint64_t *page_size,
		     const struct vfio_device_feature_dma_logging_range *ranges, uint32_t count)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = *page_size,
		.num_ranges = count,
		.ranges = (uintptr_t)ranges,
	};
	int ret;

	ret = __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
				VFIO_DEVICE_FEATURE_SET, &control, sizeof(control));
	*page_size = control.page_size;
	return ret;
}

/**
 * __vmig_log_stop - SET VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP
 * @dev: the device
 *
 * Return: 0 or -errno.
 */
int __vmig_log_stop(struct vmig_device *dev)
{
	return __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
				 VFIO_DEVICE_FEATURE_SET, NULL, 0);
}

/**
 * __vmig_log_report - GET VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT
 * @dev: the device
 * @iova: start of the range that is asked about
 * @length: bytes
 * @page_size: bytes of IOVA that one bit stands for
 * @bitmap: array of u64 that the bits are OR-ed into; any pointer
 *
 * Return: 0 or -errno.
 */
int __vmig_log_report(struct vmig_device *dev, uint64_t iova, uint64_t length, uint64_t page_size,
		      void *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.bitmap = (uintptr_t)bitmap,
	};

	return __vmig_feature_op(dev->fd, VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
				 VFIO_DEVICE_FEATURE_GET, &report, sizeof(report));
}

/**
 * vmig_log_start - DMA_LOGGING_START, which must work
 * @dev: the device
 * @page_size: in: the hint, out: what the driver chose; bytes
 * @ranges: IOVA ranges to watch
 * @count: their number
 */
void vmig_log_start(struct vmig_device *dev, uint64_t *page_size,
		    const struct vfio_device_feature_dma_logging_range *ranges, uint32_t count)
{
	int ret = __vmig_log_start(dev, page_size, ranges, count);

	if (ret)
		vmig_fail("DMA_LOGGING_START of %u ranges failed: %s", count, vmig_errno_name(ret));
}

/**
 * vmig_log_stop - DMA_LOGGING_STOP, which must work
 * @dev: the device
 */
void vmig_log_stop(struct vmig_device *dev)
{
	int ret = __vmig_log_stop(dev);

	if (ret)
		vmig_fail("DMA_LOGGING_STOP failed: %s", vmig_errno_name(ret));
}

/**
 * vmig_log_served - can this kernel report dirty pages, whatever the driver does?
 * @dev: a device that offers DMA logging, with logging off
 *
 * Without CONFIG_IOMMUFD_DRIVER, as in Debian's kernels, iova_bitmap_alloc() is a stub
 * (include/linux/iova_bitmap.h, v6.12): the core fails each REPORT with EOPNOTSUPP before the
 * driver hears of it. That says nothing of the driver. A kernel with a cdev has iommufd and
 * with it the real one: there EOPNOTSUPP is the driver's own word, and is judged.
 *
 * Return: false where it cannot, which is a reason to skip.
 */
bool vmig_log_served(struct vmig_device *dev)
{
	uint64_t bits = 0;

	return dev->id.cdev[0] || __vmig_log_report(dev, 0, 4096, 4096, &bits) != -EOPNOTSUPP;
}

/**
 * vmig_log_report - DMA_LOGGING_REPORT, which must work
 * @dev: the device
 * @iova: start of the range that is asked about
 * @length: bytes
 * @page_size: bytes of IOVA that one bit stands for
 * @bitmap: array of u64 that the bits are OR-ed into
 */
void vmig_log_report(struct vmig_device *dev, uint64_t iova, uint64_t length, uint64_t page_size,
		     void *bitmap)
{
	int ret = __vmig_log_report(dev, iova, length, page_size, bitmap);

	if (ret)
		vmig_fail("DMA_LOGGING_REPORT of %#llx+%#llx failed: %s", (unsigned long long)iova,
			  (unsigned long long)length, vmig_errno_name(ret));
}
