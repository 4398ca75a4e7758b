"""A web service: requests with headers, middleware, sessions, and exceptions kept by the request that failed."""

import twin

CHOICES = 1 << 18
VALUES = 1024
PATH = "/reports/daily"


class Service:
    """What requests are like, and the sessions that they find."""

    def __init__(self, parameters, seed):
        generator = twin.Generator(seed)
        sessions, rate = parameters["sessions"], parameters["failure_rate"]
        count = min(CHOICES, parameters["requests"])
        self.choices = [(generator.below(sessions), generator.chance(rate)) for _ in range(count)]
        self.requests = parameters["requests"]
        self.rows = parameters["rows"]
        self.depth = parameters["depth"]
        self.names = [f"x-header-{number}" for number in range(parameters["headers"])]
        self.values = [f"{(number + 1) * 0x9E3779B9:x}".encode() for number in range(VALUES)]
        self.session_keys = [f"session-{number:08}".encode() for number in range(sessions)]
        self.sessions = None


class Session:
    def __init__(self, user):
        self.user = user
        self.visits = 0
        self.last_path = None


class Request:
    def __init__(self, number, path, headers, broken):
        self.number = number
        self.path = path
        self.headers = headers
        self.broken = broken
        self.error = None


class Response:
    def __init__(self, status, body):
        self.status = status
        self.body = body
        self.headers = {}


class Failure(Exception):
    pass


def prepare(parameters, seed):
    return Service(parameters, seed)


def run(service, census):
    checksum = twin.Checksum()
    service.sessions = make_sessions(service)
    counted = False
    for number in range(service.requests):
        session, broken = service.choices[number % len(service.choices)]
        request = parse(service, number, session, broken)
        response = middleware(service, request)
        if not counted and request.error is not None:
            census(service.sessions, request, response)
            counted = True
        checksum.add(response.status)
        checksum.add(len(response.body))
    for session in service.sessions.values():
        checksum.add(session.visits)
    return checksum.value, service.requests


def make_sessions(service):
    sessions = {}
    for number in range(len(service.session_keys)):
        user = service.session_keys[number].decode()
        sessions[user] = Session(user)
    return sessions


def parse(service, number, session, broken):
    headers = {}
    for place in range(len(service.names)):
        value = service.values[(number * len(service.names) + place) % VALUES]
        headers[service.names[place]] = value.decode()
    headers["session"] = service.session_keys[session].decode()
    return Request(number, PATH, headers, broken)


def middleware(service, request):
    try:
        return layer(service, request, service.depth)
    except Failure as error:
        request.error = error
        return Response(500, [])


def layer(service, request, depth):
    if depth == 0:
        return view(service, request)
    return layer(service, request, depth - 1)


def view(service, request):
    session = service.sessions[request.headers["session"]]
    session.visits += 1
    session.last_path = request.path
    rows = []
    for number in range(service.rows):
        rows.append((number, number * 0.5))
    if request.broken:
        raise Failure(request.path)
    return Response(200, rows)


if __name__ == "__main__":
    twin.main(prepare, run)
