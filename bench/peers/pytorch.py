"""PyTorch as a peer: reads `prepare NAME` and `time N` from standard input, answers with milliseconds in all."""

import math
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 1)

MLPS = {
    "mlp-784-500-500-10@64": ([784, 500, 500, 10], 64),
    "mlp-784-128-10@32": ([784, 128, 10], 32),
    "mlp-16-32-32-2@32": ([16, 32, 32, 2], 32),
}


def labels(n, classes):
    return (torch.arange(n) * 7 + 3) % classes


def sgd(params, loss):
    def step():
        for p in params:
            p.grad = None
        loss().backward()
        with torch.no_grad():
            for p in params:
                p.sub_(p.grad, alpha=0.01)

    return step


def mlp(widths, batch):
    params = []
    for a, b in zip(widths, widths[1:]):
        params.append((torch.randn(a, b) / math.sqrt(a)).requires_grad_())
        params.append(torch.zeros(b, requires_grad=True))
    x, y = torch.randn(batch, widths[0]), labels(batch, widths[-1])

    def loss():
        h = x
        for i in range(0, len(params), 2):
            h = torch.addmm(params[i + 1], h, params[i])
            if i < len(params) - 2:
                h = F.relu(h)
        return F.cross_entropy(h, y)

    return sgd(params, loss)


def cnn():
    w0 = (torch.randn(32, 1, 3, 3) / 3).requires_grad_()
    w1 = (torch.randn(64, 32, 3, 3) / 17).requires_grad_()
    w2 = (torch.randn(64 * 196, 10) / 112).requires_grad_()
    b0, b1, b2 = (torch.zeros(n, requires_grad=True) for n in (32, 64, 10))
    x, y = torch.randn(64, 1, 28, 28), labels(64, 10)

    def loss():
        a = F.relu(F.conv2d(x, w0, b0, padding=1))
        b = F.relu(F.conv2d(a, w1, b1, padding=1))
        return F.cross_entropy(torch.addmm(b2, F.max_pool2d(b, 2).reshape(64, -1), w2), y)

    return sgd([w0, w1, w2, b0, b1, b2], loss)


def lstm():
    cell = torch.nn.LSTM(64, 64, batch_first=True)
    head = torch.nn.Linear(64, 10)
    x, y = torch.randn(32, 100, 64), labels(32, 10)
    return sgd([*cell.parameters(), *head.parameters()], lambda: F.cross_entropy(head(cell(x)[0][:, -1]), y))


def transformer():
    tokens, places = torch.nn.Embedding(64, 128), torch.nn.Embedding(128, 128)
    blocks = [
        torch.nn.TransformerEncoderLayer(128, 4, 512, dropout=0.0, activation="relu", batch_first=True, norm_first=True)
        for _ in range(2)
    ]
    norm, head = torch.nn.LayerNorm(128), torch.nn.Linear(128, 64)
    mask = torch.triu(torch.full((128, 128), float("-inf")), 1)
    x = (torch.arange(8 * 128) * 7 % 64).reshape(8, 128)
    y = (torch.arange(8 * 128) * 5 % 64).reshape(-1)
    params = [p for m in (tokens, places, *blocks, norm, head) for p in m.parameters()]

    def loss():
        h = tokens(x) + places.weight
        for block in blocks:
            h = block(h, mask)
        return F.cross_entropy(head(norm(h)).reshape(-1, 64), y)

    return sgd(params, loss)


def adam():
    p = torch.randn(10_000_000, requires_grad=True)
    p.grad = torch.randn_like(p)
    return torch.optim.Adam([p], lr=1e-3).step


def chain(x):
    y = torch.clamp_min(x * 1.5 + 0.25, -0.5)
    y = torch.clamp_max((y * y - x).abs(), 2)
    return (y + x) * 0.5


def matmul(n):
    a, b = torch.randn(n, n), torch.randn(n, n)
    return lambda: a @ b


def cholesky():
    a = torch.randn(512, 512, dtype=torch.float64)
    spd = a @ a.T + 512 * torch.eye(512, dtype=torch.float64)
    return lambda: torch.linalg.cholesky(spd)


def lstsq():
    a, b = torch.randn(2000, 500, dtype=torch.float64), torch.randn(2000, 1, dtype=torch.float64)
    return lambda: torch.linalg.lstsq(a, b, driver="gelsy")


def gather():
    x, i = torch.randn(100_000, 16), torch.randint(0, 100_000, (1_000_000,))
    return lambda: torch.index_select(x, 0, i)


def segment_sum():
    x, i = torch.randn(1_000_000, 16), torch.randint(0, 10_000, (1_000_000,))
    return lambda: torch.zeros(10_000, 16).index_add_(0, i, x)


def on(make, f):
    def prepare():
        x = make()
        return lambda: f(x)

    return prepare


def big():
    return torch.randn(10_000_000)


MAKERS = {
    **{f"matmul-{n}": (lambda n=n: matmul(n)) for n in (64, 256, 512, 1024)},
    **{name: (lambda w=w, b=b: mlp(w, b)) for name, (w, b) in MLPS.items()},
    "cnn": cnn,
    "lstm": lstm,
    "transformer": transformer,
    "adam": adam,
    "copy": on(big, lambda x: x * 1.0000001),
    "chain": on(big, chain),
    "chain-exp": on(big, lambda x: torch.tanh(torch.exp(-x * x)) * x),
    "softmax": on(lambda: torch.randn(1024, 1024), lambda x: torch.softmax(x, -1)),
    "sum": on(big, torch.sum),
    "fft": on(lambda: torch.complex(torch.randn(65536), torch.randn(65536)), torch.fft.fft),
    "cholesky": cholesky,
    "lstsq": lstsq,
    "gather": gather,
    "segment-sum": segment_sum,
    "eager": on(lambda: torch.randn(10), lambda x: x + x),
    "bits": lambda: lambda: torch.empty(1_000_000, dtype=torch.int32).random_(),
    "normals": lambda: lambda: torch.randn(1_000_000),
}


def main():
    work = None
    for line in sys.stdin:
        verb, _, rest = line.strip().partition(" ")
        if verb == "prepare":
            work = MAKERS[rest]() if rest in MAKERS else None
            print("ready" if work else "none", flush=True)
        elif verb == "time":
            n = int(rest)
            started = time.perf_counter()
            for _ in range(n):
                work()
            print((time.perf_counter() - started) * 1000, flush=True)


print(torch.__version__, flush=True)
main()
