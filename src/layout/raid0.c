/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "layout/raid0.h"

#include "base/attr.h"
#include "base/checked.h"

uint32_t raid0_stripe(uint32_t size, uint32_t count, uint64_t offset)
{
	return (uint32_t)(offset / size % count);
}

uint64_t raid0_object_offset(uint32_t size, uint32_t count, uint64_t offset)
{
	return offset / size / count * size + offset % size;
}

uint64_t raid0_file_offset(uint32_t size, uint32_t count, uint32_t stripe, uint64_t object_offset)
{
	uint64_t number, start, offset;

	if (!mul_u64(object_offset / size, count, &number) || !add_u64(number, stripe, &number) ||
	    !mul_u64(number, size, &start) || !add_u64(start, object_offset % size, &offset))
		return UINT64_MAX;
	return offset;
}

uint64_t raid0_object_size(uint32_t size, uint32_t count, uint32_t stripe, uint64_t offset)
{
	uint64_t width = (uint64_t)size * count; /* two 32-bit numbers: fits */
	uint64_t whole = offset / width * size;
	uint64_t rest = offset % width;
	uint64_t before = (uint64_t)size * stripe;

	if (rest <= before)
		return whole;
	return whole + MIN_OF(rest - before, (uint64_t)size);
}

uint64_t raid0_file_size(uint32_t size, uint32_t count, uint32_t stripe, uint64_t object_size)
{
	if (object_size == 0)
		return 0;
	return add_sat_u64(raid0_file_offset(size, count, stripe, object_size - 1), 1);
}
