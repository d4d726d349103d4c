#!/usr/bin/env escript
%% Checks the pages of a folder: each link within it leads to what is there, and to a place that has the name; and
%% index.html leads to each page.
-mode(compile).

main([Folder]) ->
    ok = file:set_cwd(Folder),
    Pages = maps:from_list([{Page, read(Page)} || Page <- filelib:wildcard("**/*.html")]),
    Broken = [
        io_lib:format("~ts: the link to ~ts#~ts leads nowhere~n", [Page, File, Name])
     || {Page, {Links, _}} <- lists:sort(maps:to_list(Pages)), {File, Name} <- Links, not leads(File, Name, Pages)
    ],
    Apart = [
        io_lib:format("~ts: index.html does not lead there~n", [Page])
     || Page <- lists:sort(maps:keys(Pages) -- reached(["index.html"], [], Pages))
    ],
    io:put_chars(standard_error, [Broken, Apart]),
    halt(min(1, length(Broken ++ Apart))).

%% The links of a page, each the file and the name of a place in it, and the names of the page's own places.
read(Page) ->
    {ok, Html} = file:read_file(Page),
    {
        lists:usort([link(Page, Url) || Url <- attributes("href|src", Html), not is_elsewhere(Url)]),
        attributes("id|name", Html)
    }.

attributes(Names, Html) ->
    case re:run(Html, ["\\s(?:", Names, ")=\"([^\"]*)\""], [global, {capture, all_but_first, binary}]) of
        {match, Values} -> [uri_string:percent_decode(Value) || [Value] <- Values];
        nomatch -> []
    end.

is_elsewhere(Url) ->
    re:run(Url, "^[a-z]+:") =/= nomatch.

link(Page, Url) ->
    case string:split(Url, "#") of
        [<<>>, Name] -> {Page, Name};
        [File | Name] -> {normal(filename:join(filename:dirname(Page), binary_to_list(File))), iolist_to_binary(Name)}
    end.

%% The path without `.' and `..'.
normal(Path) ->
    Parts = lists:foldl(
        fun
            (".", Before) -> Before;
            ("..", [_ | Before]) -> Before;
            (Part, Before) -> [Part | Before]
        end,
        [],
        filename:split(Path)
    ),
    filename:join(lists:reverse(Parts)).

leads("../" ++ _, _, _) -> false;
leads(File, <<>>, _) -> filelib:is_file(File);
leads(File, Name, Pages) ->
    case Pages of
        #{File := {_, Names}} -> lists:member(Name, Names);
        #{} -> false
    end.

%% The pages that links lead to from these.
reached([], Reached, _) -> Reached;
reached([Page | Pages], Reached, All) ->
    case All of
        #{Page := {Links, _}} ->
            New = lists:usort([File || {File, _} <- Links]) -- [Page | Pages ++ Reached],
            reached(New ++ Pages, [Page | Reached], All);
        #{} ->
            reached(Pages, Reached, All)
    end.
