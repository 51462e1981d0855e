"""GPU hosts: cards, neighbours, containers, and which host a pod gets."""
