#include "observe/words.h"

#include <inttypes.h>
#include <stdio.h>

const char *
words_wait(int64_t ms, char dst[24])
{
	const int64_t s = (ms + 500) / 1000;

	if (ms < 0)
		snprintf(dst, 24, "-");
	else if (s < 60)
		snprintf(dst, 24, "%ds", (int)s);
	else if (s < 3600)
		snprintf(dst, 24, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else if (s < 86400)
		snprintf(dst, 24, "%dh%02dm", (int)(s / 3600),
		    (int)(s / 60 % 60));
	else
		snprintf(dst, 24, "%lldd%02dh", (long long)(s / 86400),
		    (int)(s / 3600 % 24));
	return dst;
}

const char *
words_share(uint32_t permille, char dst[16])
{
	if (permille % 10 == 0)
		snprintf(dst, 16, "%u %%", permille / 10);
	else
		snprintf(dst, 16, "%u.%u %%", permille / 10, permille % 10);
	return dst;
}

const char *
words_number(uint64_t n, char dst[32])
{
	char digits[24];
	const int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);
	int k = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			dst[k++] = ' ';
		dst[k++] = digits[i];
	}
	dst[k] = '\0';
	return dst;
}

const char *
words_reason(enum breaker_reason reason)
{
	switch (reason) {
	case BREAKER_NO_REASON:
		break;
	case BREAKER_SHARE:
		return "too many bad answers";
	case BREAKER_STREAK:
		return "nothing but bad answers";
	case BREAKER_TRIAL_FAILED:
		return "the trial failed";
	case BREAKER_RAMP_FAILED:
		return "trouble came back with the mail";
	case BREAKER_WAIT_OVER:
		return "on trial";
	case BREAKER_TRIALS_WON:
		return "the trials went well";
	case BREAKER_RAMP_STEP:
		return "more mail, step by step";
	case BREAKER_RAMP_BACK:
		return "a step back, some answers were bad";
	case BREAKER_RECOVERED:
		return "recovered";
	case BREAKER_SHARED:
		return "others see it too";
	case BREAKER_STEP_BACK:
		return "a step back, the change made things worse";
	case BREAKER_DNS:
		return "most hosts cannot look it up";
	}
	return "";
}
