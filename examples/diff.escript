#!/usr/bin/env escript
%% What moves when one servers file takes the place of another.
%% Usage: diff.escript DIALECT OLD_SERVERS_FILE NEW_SERVERS_FILE
-mode(compile).

main([Dialect, Old, New]) ->
    [OldRing, NewRing] = [ring(File, list_to_atom(Dialect)) || File <- [Old, New]],
    {Moved, Moves} = ketama:diff(OldRing, NewRing),
    io:format("~7.2f% of the keys move~n", [100 * Moved]),
    [io:format("~7.2f% ~s -> ~s~n", [100 * Share, From, To]) || {From, To, Share} <- Moves].

ring(File, Dialect) ->
    case ketama:new(File, #{dialect => Dialect}) of
        {ok, Continuum} ->
            Continuum;
        {error, Reason} ->
            io:format(standard_error, "~ts~n", [ketama:format_error(Reason)]),
            halt(1)
    end.
