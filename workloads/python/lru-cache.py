"""functools.lru_cache, its Python version without the lock: a dict of links, and a ring of them in order of use."""

from array import array

import twin

PREV, NEXT, KEY, RESULT = 0, 1, 2, 3
FAST_TYPES = {int, str}
CHOICES = 1 << 20


def prepare(parameters, seed):
    count = min(CHOICES, parameters["steps"])
    keys = twin.Generator(seed).skewed_indices(count, parameters["keys"], parameters["skew"])
    return parameters["capacity"], parameters["steps"], array("I", keys)


def run(prepared, census):
    capacity, steps, keys = prepared
    checksum = twin.Checksum()
    cached, cache_info, cache_keys = lru_cache(capacity, square)
    for step in range(steps):
        result = cached(keys[step % len(keys)])
        checksum.add(result[1])
    census(cached, cache_info, cache_keys, result)
    hits, misses = cache_info()
    checksum.add(hits)
    checksum.add(misses)
    for key in cache_keys():
        checksum.add(key)
    return checksum.value, steps


def square(number):
    return number, number * number


def lru_cache(maxsize, user_function):
    cache = {}
    hits = misses = 0
    full = False
    root = []
    root[:] = [root, root, None, None]

    def wrapper(*args, **kwds):
        nonlocal root, hits, misses, full
        key = make_key(args, kwds)
        link = cache.get(key)
        if link is not None:
            link_prev, link_next, _key, result = link
            link_prev[NEXT] = link_next
            link_next[PREV] = link_prev
            last = root[PREV]
            last[NEXT] = root[PREV] = link
            link[PREV] = last
            link[NEXT] = root
            hits += 1
            return result
        misses += 1
        result = user_function(*args, **kwds)
        if key in cache:
            pass
        elif full:
            oldroot = root
            oldroot[KEY] = key
            oldroot[RESULT] = result
            root = oldroot[NEXT]
            oldkey = root[KEY]
            oldresult = root[RESULT]
            root[KEY] = root[RESULT] = None
            del cache[oldkey]
            cache[key] = oldroot
        else:
            last = root[PREV]
            link = [last, root, key, result]
            last[NEXT] = root[PREV] = cache[key] = link
            full = len(cache) >= maxsize
        return result

    def cache_info():
        return hits, misses

    def cache_keys():
        """The oldest first."""
        keys = []
        link = root[NEXT]
        while link is not root:
            keys.append(link[KEY])
            link = link[NEXT]
        return keys

    return wrapper, cache_info, cache_keys


def make_key(args, kwds):
    if not kwds and len(args) == 1 and type(args[0]) in FAST_TYPES:
        return args[0]
    return args, tuple(kwds.items())


if __name__ == "__main__":
    twin.main(prepare, run)
