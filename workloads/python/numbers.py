"""Boxed numbers: bodies that attract each other, a matrix that is never stored, and a generator of random bits."""

import struct
from math import sqrt

import twin

MULTIPLIER = 6364136223846793005
INCREMENT = 1442695040888963407
MASK = (1 << 64) - 1
DT = 0.01

double = struct.Struct("<d").pack
from_bytes = int.from_bytes


def prepare(parameters, seed):
    generator = twin.Generator(seed)
    draws = [[generator.below(1 << 20) for _ in range(7)] for _ in range(parameters["bodies"])]
    return parameters, draws


def run(prepared, census):
    parameters, draws = prepared
    steps = parameters["steps"]
    size = parameters["size"]
    rounds = parameters["rounds"]
    words = parameters["words"]
    checksum = twin.Checksum()
    bodies, pairs, trail = make_bodies(draws), [], []
    make_pairs(bodies, pairs)
    advance(bodies, pairs, trail, steps)
    census(bodies, pairs, trail)
    checksum.add(bits(energy(bodies)))
    for point in trail:
        checksum.add(bits(point[0]))
    checksum.add(bits(spectral_norm(size, rounds)))
    histogram = count_bits(words)
    for count in histogram:
        checksum.add(count)
    return checksum.value, steps * len(pairs) + 4 * rounds * size * size + words


def bits(number):
    return from_bytes(double(number), "little")


def make_bodies(draws):
    """Bodies: position, velocity, mass."""
    bodies = []
    for x, y, z, vx, vy, vz, mass in draws:
        position = [x / 65536.0, y / 65536.0, z / 65536.0]
        velocity = [vx / 1048576.0, vy / 1048576.0, vz / 1048576.0]
        bodies.append((position, velocity, mass / 65536.0))
    return bodies


def make_pairs(bodies, pairs):
    for i in range(len(bodies)):
        for j in range(i + 1, len(bodies)):
            pairs.append((bodies[i], bodies[j]))


def advance(bodies, pairs, trail, steps):
    dt = DT
    for _ in range(steps):
        for (p1, v1, m1), (p2, v2, m2) in pairs:
            dx = p1[0] - p2[0]
            dy = p1[1] - p2[1]
            dz = p1[2] - p2[2]
            square = dx * dx + dy * dy + dz * dz + dt
            magnitude = dt / (square * sqrt(square))
            b1 = m1 * magnitude
            b2 = m2 * magnitude
            v1[0] -= dx * b2
            v1[1] -= dy * b2
            v1[2] -= dz * b2
            v2[0] += dx * b1
            v2[1] += dy * b1
            v2[2] += dz * b1
        for position, velocity, _mass in bodies:
            position[0] += dt * velocity[0]
            position[1] += dt * velocity[1]
            position[2] += dt * velocity[2]
            trail.append((position[0], position[1], position[2]))


def energy(bodies):
    total = 0.0
    for _position, velocity, mass in bodies:
        total += mass * (velocity[0] * velocity[0] + velocity[1] * velocity[1] + velocity[2] * velocity[2])
    return total


def element(i, j):
    """The matrix, i and j counted from 0."""
    return 1.0 / ((i + j) * (i + j + 1) // 2 + i + 1)


def times(vector):
    result = []
    for i in range(len(vector)):
        total = 0.0
        for j in range(len(vector)):
            total += element(i, j) * vector[j]
        result.append(total)
    return result


def transposed_times(vector):
    result = []
    for i in range(len(vector)):
        total = 0.0
        for j in range(len(vector)):
            total += element(j, i) * vector[j]
        result.append(total)
    return result


def spectral_norm(size, rounds):
    u = [1.0] * size
    v = u
    for _ in range(rounds):
        v = transposed_times(times(u))
        u = transposed_times(times(v))
    return sqrt(dot(u, v) / dot(v, v))


def dot(a, b):
    total = 0.0
    for i in range(len(a)):
        total += a[i] * b[i]
    return total


def count_bits(words):
    """A linear congruential generator: how often each value of the upper six bits comes."""
    histogram = [0] * 64
    state = 1
    for _ in range(words):
        state = (state * MULTIPLIER + INCREMENT) & MASK
        histogram[state >> 58] += 1
    return histogram


if __name__ == "__main__":
    twin.main(prepare, run)
