"""Training steps of a plain nanoGPT-style or Llama-style model in PyTorch on the CPU, as the benchmark's contender.

    python3 scripts/bench/baseline.py '{"family": "gpt", "layers": 6, "heads": 6, "groups": 6, "width": 384, "inner": 1536, "context": 256,
                                        "vocabulary": 65, "batch": 8, "threads": 2, "dtype": "float32", "compile": false}'

Prints a line of JSON when it is ready (or with the reason why it cannot be), then answers each line `run K` on its input with the seconds of K steps as a
JSON list, and ends with its input. A step is forward, backward, clipped gradients and fused AdamW; its loss is read back.
"""
import contextlib
import json
import os
import sys
import time

# Large blocks are kept, not given back to the system and asked for again each step, and lie in huge pages.
for name, value in {"THP_MEM_ALLOC_ENABLE": "1", "MALLOC_TRIM_THRESHOLD_": "17179869184", "MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TOP_PAD_": "268435456"}.items():
    if name not in os.environ:
        os.environ[name] = value
        restart = True
if "restart" in globals():
    os.execv(sys.executable, [sys.executable, *sys.argv])

config = json.loads(sys.argv[1])

try:
    import torch
    import torch.nn as nn
    import torch.nn.functional as F
except ImportError as error:
    print(json.dumps({"absent": str(error)}), flush=True)
    sys.exit(0)

torch.set_num_threads(config["threads"])
torch.manual_seed(1)
layers, heads, groups, width, inner = (config[name] for name in ("layers", "heads", "groups", "width", "inner"))
context, vocabulary, batch = (config[name] for name in ("context", "vocabulary", "batch"))
llama = config["family"] == "llama"
size = width // heads


def norm():
    return nn.RMSNorm(width, eps=1e-6) if llama else nn.LayerNorm(width)


def linear(inputs, outputs):
    return nn.Linear(inputs, outputs, bias=not llama)


def rotations():
    angles = torch.outer(torch.arange(context).float(), 10000 ** (-torch.arange(0, size, 2).float() / size))
    return angles.cos(), angles.sin()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = linear(width, (heads + 2 * groups) * size)
        self.out = linear(heads * size, width)
        if llama:
            cos, sin = rotations()
            self.register_buffer("cos", cos)
            self.register_buffer("sin", sin)

    def rotate(self, x):
        a, b = x.chunk(2, -1)
        return torch.cat((a * self.cos - b * self.sin, b * self.cos + a * self.sin), -1).type_as(x)

    def forward(self, x):
        parts = self.qkv(x).split((heads * size, groups * size, groups * size), -1)
        q, k, v = (part.view(batch, context, -1, size).transpose(1, 2) for part in parts)
        if llama:
            q, k = self.rotate(q), self.rotate(k)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=groups != heads)
        return self.out(mixed.transpose(1, 2).reshape(batch, context, heads * size))


class FeedForward(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = linear(width, inner)
        self.gate = linear(width, inner) if llama else None
        self.down = linear(inner, width)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x) if llama else F.gelu(self.up(x), approximate="tanh"))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.mix, self.norm2, self.ffn = norm(), Attention(), norm(), FeedForward()

    def forward(self, x):
        x = x + self.mix(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(vocabulary, width)
        self.positions = None if llama else nn.Parameter(torch.zeros(context, width))
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.norm = norm()
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.table.weight
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.table(tokens)
        if self.positions is not None:
            x = x + self.positions
        for layer in self.layers:
            x = layer(x)
        return F.cross_entropy(self.head(self.norm(x)).view(-1, vocabulary).float(), targets.view(-1))


model = Model()
parameters = list(model.parameters())
# As nanoGPT: matrices decay, vectors do not.
optimizer = torch.optim.AdamW(
    [{"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.1}, {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0}],
    lr=6e-4, betas=(0.9, 0.95), fused=True,
)
forward = torch.compile(model) if config["compile"] else model
bf16 = config["dtype"] == "bfloat16"
generator = torch.Generator().manual_seed(1)


def step():
    tokens, targets = (torch.randint(0, vocabulary, (batch, context), generator=generator) for _ in range(2))
    start = time.perf_counter()
    with torch.autocast("cpu", dtype=torch.bfloat16) if bf16 else contextlib.nullcontext():
        loss = forward(tokens, targets)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    value = loss.item()
    return time.perf_counter() - start, value


try:
    first, loss = step()
except Exception as error:  # torch.compile needs a C++ compiler; whatever fails is told to the benchmark
    print(json.dumps({"absent": f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"}), flush=True)
    sys.exit(0)
print(json.dumps({"version": torch.__version__, "parameters": sum(p.numel() for p in parameters), "firstStep": first, "loss": loss}), flush=True)
for line in sys.stdin:
    word, count = line.split()
    print(json.dumps([step()[0] for _ in range(int(count))]), flush=True)
