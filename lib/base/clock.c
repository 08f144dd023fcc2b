#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t
clock_mono_ms(void)
{
	return read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC);
}

const char *
clock_format(int64_t wall_ms, char dst[32])
{
	const time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t len = 0;

	if (wall_ms >= 0 && gmtime_r(&seconds, &tm) != NULL)
		len = strftime(dst, 32, "%Y-%m-%dT%H:%M:%S", &tm);
	if (len != strlen("2026-11-21T12:00:00"))
		snprintf(dst, 32, "-");
	else
		snprintf(dst + len, 32 - len, ".%03dZ", (int)(wall_ms % 1000));
	return dst;
}
